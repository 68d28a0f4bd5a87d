# Licensed under the Apache License v2.0; see LICENSE.
# expect.sh STATUS COMMAND...: runs the command and fails unless it exits with STATUS.
expected=$1
shift
"$@"
found=$?
if [ "$found" -ne "$expected" ]; then
  echo "expected exit code $expected, found $found"
  exit 1
fi
