"""The rules of scripts/tidy that look at more than one line: a module of this package for each subject."""
