-- The stores of Prefect and MLflow, beside ringback's own, when the server's data folder is made for the first time.
CREATE DATABASE prefect;
CREATE DATABASE mlflow;
