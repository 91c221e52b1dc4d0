"""What a dataset is: its Spec, the Blocks it is read in, and what a Source, a Sink and a Format must offer."""
