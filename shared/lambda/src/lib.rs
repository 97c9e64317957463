//! What every function's main needs: configuration, logs, metrics, problems, SQS batches.
