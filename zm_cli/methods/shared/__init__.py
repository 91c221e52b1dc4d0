"""What several methods of scaling need: the protocol, settings, and what is common to some of them."""
