//===- ImagesTest.cpp - JPEG and PNG files, and folders of them -----------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Images.h"
#include "tests/runtime/support/Fixtures.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <png.h>
#include <turbojpeg.h>

namespace foregrad::runtime {
namespace {

using namespace tests;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using Split = Dataset::Split;
using Pixels = std::vector<uint8_t>;

std::string pngOf(const Pixels &pixels, uint32_t height, uint32_t width,
                  uint32_t format) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.height = height;
  image.width = width;
  image.format = format;
  png_alloc_size_t size = 0;
  EXPECT_TRUE(png_image_write_to_memory(&image, nullptr, &size, 0,
                                        pixels.data(), 0, nullptr));
  std::string bytes(size, '\0');
  EXPECT_TRUE(png_image_write_to_memory(&image, bytes.data(), &size, 0,
                                        pixels.data(), 0, nullptr));
  bytes.resize(size);
  return bytes;
}

std::string jpegOf(const Pixels &pixels, int height, int width, bool grey) {
  tjhandle writer = tjInitCompress();
  unsigned char *bytes = nullptr;
  unsigned long size = 0;
  EXPECT_EQ(tjCompress2(writer, pixels.data(), width, 0, height,
                        grey ? TJPF_GRAY : TJPF_RGB, &bytes, &size,
                        grey ? TJSAMP_GRAY : TJSAMP_444, 100, 0),
            0);
  std::string result(reinterpret_cast<char *>(bytes), size);
  tjFree(bytes);
  tjDestroy(writer);
  return result;
}

/// Two rows of three pixels.
const Pixels kGrey = {0, 50, 100, 150, 200, 255};
const Pixels kColored = {255, 0,  0,  0,  255, 0,  0,   0,   255,
                         10,  20, 30, 77, 77,  77, 250, 240, 230};

class ImageFileTest : public testing::Test {
protected:
  Pixels decode(const std::string &bytes, uint32_t colors) {
    writeBytes(path, bytes);
    const ImageFile file(path);
    Pixels pixels(file.size().height * file.size().width * colors);
    file.decode(colors, pixels);
    return pixels;
  }
  std::string errorFor(const std::string &bytes) {
    return errorOf([&] { decode(bytes, 3); });
  }

  TemporaryFolder folder;
  std::string path = folder / "image";
};

TEST_F(ImageFileTest, ReadsPngToTheByte) {
  EXPECT_EQ(decode(pngOf(kGrey, 2, 3, PNG_FORMAT_GRAY), 1), kGrey);
  EXPECT_EQ(decode(pngOf(kColored, 2, 3, PNG_FORMAT_RGB), 3), kColored);
  EXPECT_EQ(ImageFile(path).size(), (ImageSize{2, 3, 3}));
}

TEST_F(ImageFileTest, MakesGreyOfColorsAndColorsOfGrey) {
  EXPECT_THAT(decode(pngOf(kColored, 2, 3, PNG_FORMAT_RGB), 1),
              ElementsAre(76, 150, 29, 18, 77, 242));
  EXPECT_THAT(decode(pngOf({9, 200}, 1, 2, PNG_FORMAT_GRAY), 3),
              ElementsAre(9, 9, 9, 200, 200, 200));
}

TEST_F(ImageFileTest, PutsWhatIsTransparentOnBlack) {
  EXPECT_THAT(decode(pngOf({200, 0, 200, 255}, 1, 2, PNG_FORMAT_GA), 1),
              ElementsAre(0, 200));
}

TEST_F(ImageFileTest, ReadsJpegNearly) {
  const Pixels flat(8 * 8 * 3, 90);
  EXPECT_THAT(decode(jpegOf(flat, 8, 8, false), 3),
              Each(testing::AllOf(testing::Ge(88), testing::Le(92))));
  EXPECT_EQ(ImageFile(path).size(), (ImageSize{8, 8, 3}));
  const Pixels grey(8 * 8, 90);
  EXPECT_EQ(decode(jpegOf(grey, 8, 8, true), 1), grey);
  EXPECT_EQ(decode(jpegOf(grey, 8, 8, true), 3), flat);
  EXPECT_EQ(ImageFile(path).size(), (ImageSize{8, 8, 1}));
}

TEST_F(ImageFileTest, RefusesEveryTruncation) {
  Pixels varied(16 * 16 * 3);
  for (size_t i = 0; i < varied.size(); ++i)
    varied[i] = static_cast<uint8_t>(i * i * 37);
  // A PNG image ends with a chunk of twelve bytes that says so, a JPEG image
  // with two: without these all of it is there.
  for (const std::string &bytes :
       {pngOf(kColored, 2, 3, PNG_FORMAT_RGB), jpegOf(varied, 16, 16, false)})
    for (size_t size = 0; size + 13 < bytes.size(); ++size)
      EXPECT_THAT(errorFor(bytes.substr(0, size)), HasSubstr(path)) << size;
}

TEST_F(ImageFileTest, SurvivesEveryFlippedByte) {
  for (const std::string &bytes : {pngOf(kColored, 2, 3, PNG_FORMAT_RGB),
                                   jpegOf(Pixels(8 * 8 * 3, 90), 8, 8, false)})
    for (size_t at = 0; at < bytes.size(); ++at) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(~damaged[at]);
      errorFor(damaged); // an error or pixels
    }
}

TEST_F(ImageFileTest, NamesWhatIsWrong) {
  EXPECT_THAT(errorFor("GIF89a"), HasSubstr(path + ": byte 0: expected a JPEG "
                                                   "or PNG image"));
  std::string png = pngOf(kGrey, 2, 3, PNG_FORMAT_GRAY);
  png[16] = '\x7f'; // the width
  EXPECT_THAT(errorFor(png), HasSubstr("is no PNG image that can be read"));
}

class ImagesTest : public testing::Test {
protected:
  ImagesTest() {
    write("train/dog/1.png", {0, 1});
    write("train/cat/b.png", {2, 3});
    write("train/cat/a.png", {4, 5});
    write("train/cat/.hidden", {});
    write("test/dog/x.png", {6, 7});
  }

  void write(const std::string &name, const Pixels &grey) {
    const std::string path = folder / name;
    std::filesystem::create_directories(
        std::filesystem::path(path).parent_path());
    writeBytes(path, grey.empty()
                         ? "no image"
                         : pngOf(grey, 1, grey.size(), PNG_FORMAT_GRAY));
  }
  std::unique_ptr<Dataset> open() {
    return openDataset("images:" + folder.path);
  }
  std::string openError() {
    return errorOf([&] { open(); });
  }

  TemporaryFolder folder;
};

TEST_F(ImagesTest, ReadsClassesAndFilesInOrder) {
  auto data = open();
  EXPECT_THAT(data->classNames(), ElementsAre("cat", "dog"));
  EXPECT_EQ(data->classes(), 2u);
  EXPECT_THAT(data->sampleShape(), ElementsAre(1, 2));
  ASSERT_EQ(data->size(Split::Train), 3u);
  ASSERT_EQ(data->size(Split::Test), 1u);
  EXPECT_THAT(data->image(Split::Train, 0), ElementsAre(4, 5));
  EXPECT_THAT(data->image(Split::Train, 1), ElementsAre(2, 3));
  EXPECT_THAT(data->image(Split::Train, 2), ElementsAre(0, 1));
  EXPECT_EQ(data->label(Split::Train, 1), 0);
  EXPECT_EQ(data->label(Split::Train, 2), 1);
  EXPECT_THAT(data->image(Split::Test, 0), ElementsAre(6, 7));
  EXPECT_EQ(data->label(Split::Test, 0), 1);
}

TEST_F(ImagesTest, OneColoredImageMakesAllColored) {
  writeBytes(folder / "test/dog/y.png",
             pngOf({1, 2, 3, 4, 5, 6}, 1, 2, PNG_FORMAT_RGB));
  auto data = open();
  EXPECT_THAT(data->sampleShape(), ElementsAre(1, 2, 3));
  EXPECT_THAT(data->image(Split::Train, 0), ElementsAre(4, 4, 4, 5, 5, 5));
  EXPECT_THAT(data->image(Split::Test, 1), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_F(ImagesTest, ItsHashIsThatOfAllSamples) {
  const uint64_t before = open()->hash();
  EXPECT_EQ(open()->hash(), before);
  write("test/dog/x.png", {6, 8});
  EXPECT_NE(open()->hash(), before);
}

TEST_F(ImagesTest, NamesWhatIsWrong) {
  write("train/cat/c.png", {1, 2, 3});
  EXPECT_THAT(openError(), AllOf(HasSubstr("train/cat/c.png: expected an image "
                                           "of 1 x 2 pixels"),
                                 HasSubstr("found 1 x 3")));
  std::filesystem::remove(folder / "train/cat/c.png");

  write("train/cat/notes.txt", {});
  EXPECT_THAT(openError(), HasSubstr("notes.txt: byte 0: expected a JPEG or "
                                     "PNG image"));
  std::filesystem::remove(folder / "train/cat/notes.txt");

  std::filesystem::create_directories(folder / "train/cat/more");
  EXPECT_THAT(openError(), HasSubstr("expected images, found the folder more"));
  std::filesystem::remove(folder / "train/cat/more");

  write("test/fox/a.png", {1, 2});
  EXPECT_THAT(openError(), HasSubstr("test/fox: is a class that has no folder "
                                     "of images to learn from"));
  std::filesystem::remove_all(folder / "test/fox");

  std::filesystem::create_directories(folder / "train/eel");
  EXPECT_THAT(openError(),
              HasSubstr("train/eel: expected JPEG or PNG images, found none"));
  std::filesystem::remove(folder / "train/eel");

  write("train/a.png", {1, 2});
  EXPECT_THAT(openError(), HasSubstr("found the file a.png"));
  std::filesystem::remove(folder / "train/a.png");

  std::filesystem::remove_all(folder / "test");
  EXPECT_THAT(openError(), HasSubstr("/test: expected a folder"));
  std::filesystem::create_directories(folder / "test");
  EXPECT_THAT(openError(), HasSubstr("expected a folder of images for each "
                                     "class, found none"));
}

TEST_F(ImagesTest, FilesBecomeSamplesInTheOrderGiven) {
  auto data = openImageFiles(
      {folder / "test/dog/x.png", folder / "train/cat/a.png"}, {1, 2, 3});
  EXPECT_THAT(data->sampleShape(), ElementsAre(1, 2, 3));
  ASSERT_EQ(data->size(Split::Test), 2u);
  EXPECT_THAT(data->image(Split::Test, 0), ElementsAre(6, 6, 6, 7, 7, 7));
  EXPECT_THAT(data->image(Split::Test, 1), ElementsAre(4, 4, 4, 5, 5, 5));
  EXPECT_THAT(
      errorOf([&] { openImageFiles({folder / "test/dog/x.png"}, {2, 2, 1}); }),
      HasSubstr("expected an image of 2 x 2 pixels (height x width), "
                "found 1 x 2"));
}

} // namespace
} // namespace foregrad::runtime
