"""From the words of a command line to the parameters of a command."""
