"""What a dataset is: its Spec, the Blocks that are read from it, and the protocols of Source, Sink and Format."""
