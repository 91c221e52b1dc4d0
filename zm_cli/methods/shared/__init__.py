"""What several methods of scaling need: the protocol, settings, and what some of them share."""
