"""Numbers and words for operators: metrics, logs, amounts as people read them."""
