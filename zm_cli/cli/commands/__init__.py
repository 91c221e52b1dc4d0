"""The commands of `zm`: one file per command."""
