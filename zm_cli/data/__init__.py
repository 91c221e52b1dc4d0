"""What a dataset is: Spec, Block, Option and Format, and the protocols that every Source and Sink follows."""
