"""HTML pages of our own, each one file that asks the network for nothing: cards to preview, the Vault to browse."""
