"""Writing an .apkg: byte for byte the same for the same input, whole or not at all."""
