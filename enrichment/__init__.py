"""What is missing about leads and companies, bought from outside within the ceilings, found or missed with a reason."""
