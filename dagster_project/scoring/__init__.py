"""Scoring: from a table of labelled rows to honest probabilities, and to the verdict that there is nothing to learn.

Pure: Polars, NumPy, scikit-learn and XGBoost; never imports dagster. `table` reads what a row means, `backtest` judges
candidates over time, `verdict` decides which one is promoted. Features of leads and their SQL are declared elsewhere.
"""
