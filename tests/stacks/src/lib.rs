//! The exact return code of every stack.
