//! From the struct to its implementation.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{
    Data, DeriveInput, Error, Field, Fields, GenericArgument, Ident, LitInt, PathArguments, Result,
    Type,
};

use crate::attributes::{self, Case, OfField, OfStruct};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let fields = fields(input)?;
    let of_struct = OfStruct::read(&input.attrs)?;
    let ident = &input.ident;
    let name = of_struct.name.unwrap_or_else(|| ident.unraw().to_string());
    let doc = attributes::doc(&input.attrs);
    let members = fields
        .iter()
        .enumerate()
        .map(|(position, field)| Member::new(position, field, of_struct.case))
        .collect::<Result<Vec<_>>>()?;

    let table = table(&members);
    let reads = members.iter().map(Member::read);
    let writes = members.iter().map(Member::write);
    let idents = members.iter().map(|member| member.ident);
    let variables = members.iter().map(|member| &member.variable);
    let (from, at, violations, to) = (arg("from"), arg("at"), arg("violations"), arg("to"));
    // A struct without fields uses none of what it is passed.
    let (unread, unwritten) = if members.is_empty() {
        (
            quote! { let _ = (#from, #at, #violations); },
            quote! { let _ = #to; },
        )
    } else {
        (TokenStream::new(), TokenStream::new())
    };

    Ok(quote! {
        #[automatically_derived]
        impl ::claviger_shape::Shape for #ident {
            const NAME: &'static ::core::primitive::str = #name;
            const DOC: &'static ::core::primitive::str = #doc;
            const FIELDS: &'static [::claviger_shape::Field] = #table;

            fn decode(
                #from: &::claviger_shape::Source<'_>,
                #at: &::claviger_shape::Path<'_>,
                #violations: &mut ::claviger_shape::Violations,
            ) -> ::core::option::Option<Self> {
                #unread
                #(#reads)*
                ::core::option::Option::Some(Self { #(#idents: #variables?,)* })
            }

            fn encode(&self, #to: &mut dyn ::claviger_shape::Encoder) {
                #unwritten
                #(#writes)*
            }
        }

        #[automatically_derived]
        impl ::claviger_shape::wire::Value for #ident {
            const TYPE: ::claviger_shape::Type = ::claviger_shape::Type::Structure {
                name: <Self as ::claviger_shape::Shape>::NAME,
                doc: <Self as ::claviger_shape::Shape>::DOC,
                fields: <Self as ::claviger_shape::Shape>::FIELDS,
            };

            fn read(
                from: &::claviger_shape::Source<'_>,
                at: &::claviger_shape::Path<'_>,
                violations: &mut ::claviger_shape::Violations,
            ) -> ::core::option::Option<Self> {
                ::claviger_shape::wire::read_structure(from, at, violations)
            }

            fn write(&self, to: &mut dyn ::claviger_shape::Encoder) {
                ::claviger_shape::wire::write_structure(self, to);
            }
        }
    })
}

fn fields(input: &DeriveInput) -> Result<Vec<&Field>> {
    if !input.generics.params.is_empty() {
        let message = "a shape has no type parameters";
        return Err(Error::new(input.generics.span(), message));
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields.named.iter().collect()),
            Fields::Unit => Ok(Vec::new()),
            Fields::Unnamed(_) => {
                let message = "the fields of a shape have names";
                Err(Error::new(data.fields.span(), message))
            }
        },
        Data::Enum(_) | Data::Union(_) => {
            let message = "a shape is a struct; an enumeration of texts is an `enum_scalar!`";
            Err(Error::new(input.ident.span(), message))
        }
    }
}

/// A name that cannot meet one of the struct's own scope.
fn arg(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

struct Member<'a> {
    ident: &'a Ident,
    variable: Ident,
    doc: String,
    holds: Holds<'a>,
}

enum Holds<'a> {
    /// The members of this struct.
    Flattened(&'a Type),
    /// A member of its own: its name, and its type as a `Presence`.
    Own {
        name: TokenStream,
        presence: TokenStream,
    },
}

impl<'a> Member<'a> {
    fn new(position: usize, field: &'a Field, case: Case) -> Result<Self> {
        let Some(ident) = &field.ident else {
            return Err(Error::new(field.span(), "the fields of a shape have names"));
        };
        let of_field = OfField::read(&field.attrs)?;
        let holds = if of_field.flatten {
            let alone = of_field.name.is_none()
                && !of_field.has_bounds()
                && !of_field.required
                && !of_field.sparse;
            if !alone {
                let message = "`flatten` goes with no other attribute";
                return Err(Error::new(field.span(), message));
            }
            Holds::Flattened(&field.ty)
        } else {
            let wire = of_field
                .name
                .clone()
                .unwrap_or_else(|| attributes::wire_name(&ident.unraw().to_string(), case));
            let camel = attributes::lower_first(&wire);
            Holds::Own {
                name: quote! { ::claviger_shape::Name { wire: #wire, camel: #camel } },
                presence: presence(&field.ty, &of_field)?,
            }
        };
        Ok(Self {
            ident,
            variable: format_ident!("field_{position}", span = Span::mixed_site()),
            doc: attributes::doc(&field.attrs),
            holds,
        })
    }

    fn read(&self) -> TokenStream {
        let variable = &self.variable;
        let (from, at, violations) = (arg("from"), arg("at"), arg("violations"));
        match &self.holds {
            Holds::Flattened(of) => quote! {
                let #variable = <#of as ::claviger_shape::Shape>::decode(#from, #at, #violations);
            },
            Holds::Own { name, presence } => quote! {
                let #variable =
                    ::claviger_shape::wire::read::<#presence>(#from, #name, #at, #violations);
            },
        }
    }

    fn write(&self) -> TokenStream {
        let (ident, to) = (self.ident, arg("to"));
        match &self.holds {
            Holds::Flattened(of) => quote! {
                <#of as ::claviger_shape::Shape>::encode(&self.#ident, #to);
            },
            Holds::Own { name, presence } => quote! {
                ::claviger_shape::wire::write::<#presence>(&self.#ident, #name, #to);
            },
        }
    }
}

/// The field table: one literal, or the join of the pieces between and of flattened structs.
fn table(members: &[Member<'_>]) -> TokenStream {
    let row = |member: &Member<'_>| match &member.holds {
        Holds::Flattened(of) => quote! { <#of as ::claviger_shape::Shape>::FIELDS },
        Holds::Own { name, presence } => {
            let doc = &member.doc;
            quote! { ::claviger_shape::wire::field::<#presence>(#name, #doc) }
        }
    };
    let flattened = members
        .iter()
        .any(|member| matches!(member.holds, Holds::Flattened(_)));
    if !flattened {
        let rows = members.iter().map(row);
        return quote! { &[#(#rows),*] };
    }
    let pieces: Vec<TokenStream> = members
        .iter()
        .map(|member| {
            let piece = row(member);
            match member.holds {
                Holds::Flattened(_) => piece,
                Holds::Own { .. } => quote! { &[#piece] },
            }
        })
        .collect();
    let lengths = members.iter().map(|member| match &member.holds {
        Holds::Flattened(of) => quote! { <#of as ::claviger_shape::Shape>::FIELDS.len() },
        Holds::Own { .. } => quote! { 1 },
    });
    quote! { &::claviger_shape::wire::join::<{ 0 #(+ #lengths)* }>(&[#(#pieces),*]) }
}

/// The type of a field as a `Presence` of a `Content`.
fn presence(of: &Type, attributes: &OfField) -> Result<TokenStream> {
    let (inner, optional) = match argument(of, "Option") {
        Some(inner) => (inner, true),
        None => (of, false),
    };
    let (content, kind) = content(inner, attributes)?;
    let complain = |message| Err(Error::new(of.span(), message));
    if kind == Content::One && attributes.has_bounds() {
        return complain("`min` and `max` are bounds of lists and maps; a scalar has its own");
    }
    if kind != Content::List && attributes.sparse {
        return complain("only a list is `sparse`");
    }
    if attributes.required && (optional || kind == Content::One) {
        return complain("`required` is for a list or map without `Option`");
    }
    let presence = match (optional, kind) {
        (true, _) => quote! { Optional },
        (false, Content::List | Content::Map) if !attributes.required => quote! { OrEmpty },
        (false, _) => quote! { Required },
    };
    Ok(quote! { ::claviger_shape::wire::#presence<#content> })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    One,
    List,
    Map,
}

/// Bounds are those of the outermost list or map.
fn content(of: &Type, attributes: &OfField) -> Result<(TokenStream, Content)> {
    let min = LitInt::new(&attributes.min.unwrap_or(0).to_string(), Span::call_site());
    let max = attributes.max.unwrap_or(u32::MAX).to_string();
    let max = LitInt::new(&max, Span::call_site());
    if let Some(element) = argument(of, "Vec") {
        let (element, _) = content(element, &OfField::default())?;
        let sparse = attributes.sparse;
        let list = quote! { ::claviger_shape::wire::List<#element, #min, #max, #sparse> };
        return Ok((list, Content::List));
    }
    if let Some([key, value]) = arguments(of, "BTreeMap") {
        let (value, _) = content(value, &OfField::default())?;
        let map = quote! { ::claviger_shape::wire::Map<#key, #value, #min, #max> };
        return Ok((map, Content::Map));
    }
    if argument(of, "Option").is_some() {
        let message = "an `Option` stands outermost";
        return Err(Error::new(of.span(), message));
    }
    Ok((quote! { ::claviger_shape::wire::One<#of> }, Content::One))
}

fn argument<'t>(of: &'t Type, name: &str) -> Option<&'t Type> {
    arguments::<1>(of, name).map(|[only]| only)
}

/// The type arguments of `name<…>`, however it is qualified.
fn arguments<'t, const N: usize>(of: &'t Type, name: &str) -> Option<[&'t Type; N]> {
    let Type::Path(path) = of else { return None };
    let last = path.path.segments.last()?;
    if last.ident != name {
        return None;
    }
    let PathArguments::AngleBracketed(list) = &last.arguments else {
        return None;
    };
    let types: Vec<&Type> = list
        .args
        .iter()
        .filter_map(|argument| match argument {
            GenericArgument::Type(of) => Some(of),
            _ => None,
        })
        .collect();
    types.try_into().ok()
}
