//! Field tables: decoding, violations, encoding, masking.
