//! Walks a file and puts mutants where they belong.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Arm, BinOp, Block, Expr, ExprMatch, File, Item, Pat, Stmt, UnOp, parse_quote};

use crate::{conditions, literals, returns};

pub struct Mutator {
    on: syn::Path,
    next: u32,
    skipped: HashSet<u32>,
    file: String,
    /// Constants of the file, by their type, and the number of their mutant.
    pub constants: HashMap<String, (String, Option<u32>)>,
    listed: String,
}

impl Mutator {
    pub fn new(on: syn::Path, first: u32, skipped: HashSet<u32>) -> Self {
        Self {
            on,
            next: first,
            skipped,
            file: String::new(),
            constants: HashMap::new(),
            listed: String::new(),
        }
    }

    pub fn begin(&mut self, path: &str, file: &File) {
        path.clone_into(&mut self.file);
        self.constants.clear();
        for item in &file.items {
            if let Item::Const(item) = item {
                let of = item.ty.to_token_stream().to_string();
                self.constants.insert(item.ident.to_string(), (of, None));
            }
        }
    }

    pub fn list(self) -> String {
        self.listed
    }

    /// Numbers and lists a mutant; what asks whether it is awake, unless it is to be left out.
    pub fn mutant(&mut self, line: usize, what: &str) -> Option<Expr> {
        let number = self.next;
        self.next += 1;
        if self.skipped.contains(&number) {
            return None;
        }
        let what = what.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = writeln!(self.listed, "{number}\t{}\t{line}\t{what}", self.file);
        let on = &self.on;
        Some(parse_quote!(#on(#number)))
    }

    fn function(&mut self, signature: &syn::Signature, block: &mut Block) {
        if signature.constness.is_some() {
            return;
        }
        visit_mut::visit_block_mut(self, block);
        let line = signature.span().start().line;
        for value in returns::other(&signature.output).into_iter().rev() {
            let what = format!("{} gives {}", signature.ident, value.to_token_stream());
            if let Some(on) = self.mutant(line, &what) {
                block
                    .stmts
                    .insert(0, parse_quote!(if #on { return #value; }));
            }
        }
    }

    /// Each arm left to the last one, and each that gives something plain giving another arm's.
    fn arms(&mut self, matched: &mut ExprMatch) {
        let bodies: Vec<Expr> = matched.arms.iter().map(|arm| (*arm.body).clone()).collect();
        let rest = matches!(matched.arms.last(), Some(arm) if matches!(arm.pat, Pat::Wild(_)));
        // First what is inside, so that what is put around it is not taken for the source.
        visit_mut::visit_expr_match_mut(self, matched);
        let last = bodies.len() - 1;
        for (i, arm) in matched.arms.iter_mut().enumerate() {
            let line = arm.pat.span().start().line;
            let pattern = arm.pat.to_token_stream().to_string();
            if rest && i < last && arm.guard.is_none() {
                self.sleep_through(arm, line, &pattern);
            }
            if !literals::is_plain(&bodies[i]) {
                continue;
            }
            let own = bodies[i].to_token_stream().to_string();
            let after = bodies[i + 1..].iter().chain(&bodies[..i]);
            let other = after
                .filter(|body| literals::is_plain(body))
                .find(|body| body.to_token_stream().to_string() != own);
            if let Some(other) = other {
                let what = format!("{pattern} => {}", other.to_token_stream());
                if let Some(on) = self.mutant(line, &what) {
                    let body = &arm.body;
                    arm.body = parse_quote!(if #on { #other } else { #body });
                }
            }
        }
    }

    fn sleep_through(&mut self, arm: &mut Arm, line: usize, pattern: &str) {
        if let Some(on) = self.mutant(line, &format!("{pattern} is left to the last arm")) {
            arm.guard = Some((syn::token::If::default(), parse_quote!(!#on)));
        }
    }
}

fn is_of_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = attribute.to_token_stream().to_string();
        text.contains("cfg (test)") || text == "# [test]"
    })
}

impl VisitMut for Mutator {
    fn visit_item_mut(&mut self, item: &mut Item) {
        match item {
            Item::Mod(module) if is_of_tests(&module.attrs) => {}
            Item::Const(_) | Item::Static(_) | Item::Macro(_) => {}
            Item::Impl(block)
                if block
                    .trait_
                    .as_ref()
                    .is_some_and(|(_, path, _)| path.is_ident("Debug")) => {}
            _ => visit_mut::visit_item_mut(self, item),
        }
    }

    fn visit_impl_item_const_mut(&mut self, _: &mut syn::ImplItemConst) {}

    fn visit_item_fn_mut(&mut self, item: &mut syn::ItemFn) {
        if !is_of_tests(&item.attrs) {
            self.function(&item.sig, &mut item.block);
        }
    }

    fn visit_impl_item_fn_mut(&mut self, item: &mut syn::ImplItemFn) {
        self.function(&item.sig, &mut item.block);
    }

    fn visit_type_mut(&mut self, _: &mut syn::Type) {}

    fn visit_pat_mut(&mut self, _: &mut Pat) {}

    fn visit_generic_argument_mut(&mut self, _: &mut syn::GenericArgument) {}

    fn visit_arm_mut(&mut self, arm: &mut Arm) {
        if let Some((_, guard)) = &mut arm.guard {
            let mut parts = conditions::parts(guard);
            self.visit_expr_mut(guard);
            conditions::both_ways(self, guard, &mut parts);
        }
        self.visit_expr_mut(&mut arm.body);
    }

    fn visit_stmt_mut(&mut self, statement: &mut Stmt) {
        let line = statement.span().start().line;
        let what = statement.to_token_stream().to_string();
        visit_mut::visit_stmt_mut(self, statement);
        let Stmt::Expr(expression, Some(_)) = statement else {
            return;
        };
        let called = match &*expression {
            Expr::Try(tried) => &*tried.expr,
            other => other,
        };
        if matches!(
            called,
            Expr::Call(_) | Expr::MethodCall(_) | Expr::Assign(_)
        ) && let Some(on) = self.mutant(line, &format!("not done: {what}"))
        {
            *statement = parse_quote!(if !#on { #expression; });
        }
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        let line = expression.span().start().line;
        match expression {
            Expr::Const(_) | Expr::Macro(_) => {}
            Expr::Repeat(repeat) => self.visit_expr_mut(&mut repeat.expr),
            Expr::If(_) => {
                if let Expr::If(branch) = expression {
                    let mut parts = conditions::parts(&branch.cond);
                    self.visit_expr_mut(&mut branch.cond);
                    conditions::both_ways(self, &mut branch.cond, &mut parts);
                    self.visit_block_mut(&mut branch.then_branch);
                    if let Some((_, other)) = &mut branch.else_branch {
                        self.visit_expr_mut(other);
                    }
                }
            }
            Expr::Match(matched) => self.arms(matched),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) => {
                self.visit_expr_mut(&mut unary.expr);
                let what = format!("without the !: {}", unary.to_token_stream());
                if let Some(on) = self.mutant(line, &what) {
                    let inner = &unary.expr;
                    *expression = parse_quote!((!#inner ^ #on));
                }
            }
            Expr::Binary(_) => self.binary(expression, line),
            Expr::Lit(_) => literals::other(self, expression, line),
            Expr::Path(_) => literals::constant(self, expression, line),
            _ => visit_mut::visit_expr_mut(self, expression),
        }
    }
}

impl Mutator {
    fn binary(&mut self, expression: &mut Expr, line: usize) {
        let before = expression.to_token_stream().to_string();
        let Expr::Binary(binary) = expression else {
            return;
        };
        self.visit_expr_mut(&mut binary.left);
        self.visit_expr_mut(&mut binary.right);
        if conditions::binds(&binary.left) || conditions::binds(&binary.right) {
            return;
        }
        let (left, right) = (binary.left.clone(), binary.right.clone());
        let operator = binary.op;
        let mut arms = Vec::<(Expr, BinOp)>::new();
        for other in conditions::others(operator) {
            let what = format!(
                "{} for {}: {before}",
                other.to_token_stream(),
                operator.to_token_stream()
            );
            if let Some(on) = self.mutant(line, &what) {
                arms.push((on, other));
            }
        }
        if arms.is_empty() {
            return;
        }
        let mut whole: Expr = parse_quote!({ #left #operator #right });
        for (on, other) in arms {
            whole = parse_quote!(if #on { #left #other #right } else { #whole });
        }
        *expression = parse_quote!(({ #whole }));
    }
}
