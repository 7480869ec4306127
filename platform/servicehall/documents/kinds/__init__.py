"""The kinds of documents, one file each, and the registry that names them all."""
