"""Replaces `jq` where it is not installed: `jq [-c] .key.key [FILE]`, all that the transcripts need."""

from __future__ import annotations

import json
import sys


def main() -> None:
    """Prints the value at a path of keys in a JSON document."""
    arguments = [argument for argument in sys.argv[1:] if argument != "-c"]
    with open(arguments[1]) if len(arguments) > 1 else sys.stdin as file:
        value = json.load(file)
    for key in arguments[0].split("."):
        value = value[key] if key else value
    print(json.dumps(value, separators=(",", ":")))


if __name__ == "__main__":
    main()
