"""The record of every run in MLflow: the only package that imports mlflow."""
