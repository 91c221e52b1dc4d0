"""The nouns of datasets: Spec, Block, Option and Format, and the protocols of Source and Sink."""
