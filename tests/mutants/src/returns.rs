//! What a function might give back without having done anything.

use quote::ToTokens;
use syn::{Expr, ReturnType, parse_quote};

/// Values of this type that say nothing.
pub fn other(output: &ReturnType) -> Vec<Expr> {
    let of = match output {
        ReturnType::Default => return vec![parse_quote!(())],
        ReturnType::Type(_, of) => of.to_token_stream().to_string(),
    };
    match of.as_str() {
        "bool" => vec![parse_quote!(true), parse_quote!(false)],
        "u8" | "u16" | "u32" | "u64" | "usize" | "i32" | "i64" => {
            vec![parse_quote!(0), parse_quote!(1)]
        }
        "f64" => vec![parse_quote!(0.0), parse_quote!(1.0)],
        "String" => vec![parse_quote!(String::new())],
        "Option < bool >" => vec![
            parse_quote!(None),
            parse_quote!(Some(true)),
            parse_quote!(Some(false)),
        ],
        "Option < ( ) >" => vec![parse_quote!(None), parse_quote!(Some(()))],
        text if text.starts_with("Option <") => vec![parse_quote!(None)],
        text if text.starts_with("Result < ( ) ,") => vec![parse_quote!(Ok(()))],
        text if text.starts_with("Result < bool ,") => {
            vec![parse_quote!(Ok(true)), parse_quote!(Ok(false))]
        }
        text if text.starts_with("Vec <") => vec![parse_quote!(vec![])],
        _ => vec![],
    }
}
