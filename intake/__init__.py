"""What arrives becomes records: meetings, files and exports are read, checked, named and put into both stores."""
