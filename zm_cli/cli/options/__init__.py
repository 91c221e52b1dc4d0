"""The options of the command line, except those for reading, which the formats declare."""
