"""Objects: native ones that clients hold, clients' ones that native code holds, and which of them are the same."""
