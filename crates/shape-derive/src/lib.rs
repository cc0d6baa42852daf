//! The derive macro of claviger-shape.
