"""Picture files: read and written, for `segment` and the folder command alike."""
