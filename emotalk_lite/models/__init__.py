"""The networks: tensors in, tensors out. They know nothing of files, but for `features`, which reads its frozen weights."""
