//! The demo data set: what is committed is what its seed gives, and has the shape and the truth that it claims.
