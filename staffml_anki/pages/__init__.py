"""HTML pages of our own, each one file that asks the network for nothing: the preview of cards, and the Vault to browse."""
