//! CP11: whoever is not admitted exchanges nothing, and each attempt is one line of the log.
