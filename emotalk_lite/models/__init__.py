"""The networks. They know nothing of files: tensors in, tensors out."""
