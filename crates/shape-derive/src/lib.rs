//! The derive macro of `claviger-shape`. What its attributes mean is told there.

mod attributes;
mod expand;

use proc_macro::TokenStream;

/// Derives `claviger_shape::Shape` for a struct with named fields, or none.
#[proc_macro_derive(Shape, attributes(shape))]
pub fn derive_shape(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    expand::expand(&input)
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}
