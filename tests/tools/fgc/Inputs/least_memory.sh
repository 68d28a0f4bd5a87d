# Licensed under the Apache License v2.0; see LICENSE.
# least_memory.sh FGC ARGUMENT...: the bytes that --memory-limit says are the
# least are those of all threads; they do compile, and one less does not.
limit() {
  bytes=$1
  shift
  "$@" -o /dev/null --memory-limit "$bytes" 2>&1
}
said=$(limit 1 "$@")
least=$(echo "$said" | sed -n 's/.* needs \([0-9]*\) bytes .*/\1/p')
sum=$(echo "$said" | sed -n 's/.*(\([0-9]*\) shared, \([0-9]*\) for each of \([0-9]*\) .*/\1 + \2 * \3/p')
if [ "$least" -ne $(($sum)) ]; then
  echo "$sum is another sum: $said"
  exit 1
fi
if ! limit "$least" "$@"; then
  echo "$least bytes do not suffice, though it was said: $said"
  exit 1
fi
if limit $((least - 1)) "$@" >/dev/null; then
  echo "$least bytes are not the least"
  exit 1
fi
echo "$said"
