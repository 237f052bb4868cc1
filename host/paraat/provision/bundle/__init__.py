"""Our firmware compiled and signed, and the folder for a day without internet."""
