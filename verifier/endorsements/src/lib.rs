//! Reads endorsements from files and folders; it fetches, it never decides.
