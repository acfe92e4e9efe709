"""What a model is worth: metrics and their intervals, confidences, comparisons; and reading new pictures."""
