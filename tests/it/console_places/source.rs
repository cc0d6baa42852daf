//! The console's sources as a graph: which function mentions which, and which operations each makes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};

/// What operations are found below.
const OPERATIONS: [&str; 2] = ["claviger_iam", "operation"];

/// A path, as its names.
type Names = Vec<String>;

/// A route as it stands in the table.
pub(crate) struct RouteRead {
    pub(crate) method: String,
    pub(crate) path: String,
    /// What its handler mentions.
    mentions: Mentions,
}

/// What a function mentions.
#[derive(Default, Clone)]
struct Mentions {
    /// Functions and values, by their whole path.
    paths: BTreeSet<Names>,
    /// Methods, by their name alone: whose they are is not known here, but in a module that the caller knows.
    methods: BTreeSet<String>,
    /// Modules that it knows of: its own, and those of what it names.
    modules: BTreeSet<Names>,
    /// Operations that it makes.
    made: BTreeSet<String>,
}

impl Mentions {
    fn join(&mut self, other: Self) {
        self.paths.extend(other.paths);
        self.methods.extend(other.methods);
        self.modules.extend(other.modules);
        self.made.extend(other.made);
    }
}

/// The sources, read.
#[derive(Default)]
pub(crate) struct Source {
    /// By the module and name of a function, or by module, type and name of a method.
    functions: BTreeMap<Names, Mentions>,
    /// The functions that a method of this name may be.
    methods: BTreeMap<String, Vec<Names>>,
    pub(crate) routes: Vec<RouteRead>,
}

impl Source {
    /// Reads every file below `folder`.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut source = Self::default();
        source.read_folder(folder, &[]);
        source
    }

    fn read_folder(&mut self, folder: &Path, module: &[&str]) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().and_then(|name| name.to_str());
            let name = name.expect("a name").to_owned();
            let mut module = module.to_vec();
            if name != "lib" {
                module.push(&name);
            }
            if path.is_dir() {
                self.read_folder(&path, &module);
            } else {
                let text = std::fs::read_to_string(&path).expect("a file");
                self.add(&module, &text);
            }
        }
    }

    /// Reads one module.
    pub(crate) fn add(&mut self, module: &[&str], text: &str) {
        let file = syn::parse_file(text).expect("Rust");
        let module: Names = module.iter().map(|name| (*name).to_owned()).collect();
        let mut names = BTreeMap::new();
        for item in &file.items {
            if let syn::Item::Use(item) = item {
                import(&module, &Names::new(), &item.tree, &mut names);
            }
        }
        // A path may also begin with a module below this one.
        for item in &file.items {
            let syn::Item::Mod(below) = item else {
                continue;
            };
            let below = below.ident.to_string();
            for path in names.values_mut() {
                if path.first() == Some(&below) {
                    *path = [module.as_slice(), path].concat();
                }
            }
        }
        let scope = Scope { module, names };
        for item in &file.items {
            self.item(&scope, item);
        }
    }

    fn item(&mut self, scope: &Scope, item: &syn::Item) {
        match item {
            syn::Item::Fn(function) if !is_test(&function.attrs) => {
                let name = scope.below(&[&function.sig.ident]);
                self.function(
                    name,
                    scope.mentions(None, |see| see.visit_block(&function.block)),
                );
            }
            syn::Item::Const(value) => {
                let name = scope.below(&[&value.ident]);
                self.function(
                    name,
                    scope.mentions(None, |see| see.visit_expr(&value.expr)),
                );
            }
            syn::Item::Static(value) if scope.module.first().is_some_and(|m| m == "routes") => {
                let mut table = Table {
                    scope,
                    routes: Vec::new(),
                };
                table.visit_expr(&value.expr);
                self.routes.extend(table.routes);
            }
            syn::Item::Static(value) => {
                let name = scope.below(&[&value.ident]);
                self.function(
                    name,
                    scope.mentions(None, |see| see.visit_expr(&value.expr)),
                );
            }
            syn::Item::Impl(block) if !is_test(&block.attrs) => {
                let syn::Type::Path(owner) = &*block.self_ty else {
                    return;
                };
                let owner = scope.resolve(&owner.path, None);
                for item in &block.items {
                    let syn::ImplItem::Fn(method) = item else {
                        continue;
                    };
                    let mut name = owner.clone();
                    name.push(method.sig.ident.to_string());
                    let mentions =
                        scope.mentions(Some(&owner), |see| see.visit_block(&method.block));
                    if method.sig.receiver().is_some() {
                        let named = self.methods.entry(method.sig.ident.to_string());
                        named.or_default().push(name.clone());
                    }
                    self.function(name, mentions);
                }
            }
            _ => {}
        }
    }

    fn function(&mut self, name: Names, mentions: Mentions) {
        self.functions.entry(name).or_default().join(mentions);
    }

    /// The pages of each operation: the routes whose handlers lead to where it is made.
    pub(crate) fn places(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for route in &self.routes {
            let mut seen = BTreeSet::new();
            let mut open = vec![&route.mentions];
            while let Some(mentions) = open.pop() {
                for made in &mentions.made {
                    let pages = places.entry(made.clone()).or_default();
                    pages.insert(route.path.clone());
                }
                let methods = mentions.methods.iter();
                let methods = methods.filter_map(|name| self.methods.get(name)).flatten();
                let methods = methods.filter(|name| {
                    let known = mentions.modules.iter();
                    let mut known = known.filter(|module| !module.is_empty());
                    // The last two names are those of the type and the method.
                    known.any(|module| *module == name[..name.len() - 2])
                });
                for name in mentions.paths.iter().chain(methods) {
                    if let Some(function) = self.functions.get(name)
                        && seen.insert(name)
                    {
                        open.push(function);
                    }
                }
            }
        }
        places
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute
                    .parse_args::<syn::Ident>()
                    .is_ok_and(|what| what == "test")
    })
}

/// A module, with what its names mean.
struct Scope {
    module: Names,
    /// What was imported, by the name it has here.
    names: BTreeMap<String, Names>,
}

/// Notes what a `use` brings.
fn import(
    module: &[String],
    before: &[String],
    tree: &syn::UseTree,
    into: &mut BTreeMap<String, Names>,
) {
    let with = |name: &syn::Ident| {
        let mut path = before.to_vec();
        path.push(name.to_string());
        path
    };
    match tree {
        syn::UseTree::Path(path) => import(module, &with(&path.ident), &path.tree, into),
        syn::UseTree::Name(name) if name.ident == "self" => {
            if let Some(last) = before.last() {
                into.insert(last.clone(), absolute(module, before.to_vec()));
            }
        }
        syn::UseTree::Name(name) => {
            into.insert(name.ident.to_string(), absolute(module, with(&name.ident)));
        }
        syn::UseTree::Rename(renamed) => {
            let path = absolute(module, with(&renamed.ident));
            into.insert(renamed.rename.to_string(), path);
        }
        syn::UseTree::Group(group) => {
            for tree in &group.items {
                import(module, before, tree, into);
            }
        }
        // A module that imports all of another one would hide where its names come from.
        syn::UseTree::Glob(_) => panic!("{module:?} imports everything of {before:?}"),
    }
}

/// The path without `crate`, `self` and `super`.
fn absolute(module: &[String], path: Names) -> Names {
    let mut base = match path.first().map(String::as_str) {
        Some("crate") => return path[1..].to_vec(),
        Some("self" | "super") => module.to_vec(),
        _ => return path,
    };
    let mut rest = path.as_slice();
    while let Some(("self" | "super", further)) = rest.split_first().map(|(a, b)| (a.as_str(), b)) {
        if rest[0] == "super" {
            base.pop();
        }
        rest = further;
    }
    base.extend_from_slice(rest);
    base
}

impl Scope {
    fn below(&self, names: &[&syn::Ident]) -> Names {
        let mut path = self.module.clone();
        path.extend(names.iter().map(ToString::to_string));
        path
    }

    /// What a path means here. `owner` is the type that `Self` means.
    fn resolve(&self, path: &syn::Path, owner: Option<&Names>) -> Names {
        let names: Names = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        let Some(first) = names.first() else {
            return names;
        };
        if let (Some(owner), "Self") = (owner, first.as_str()) {
            return [owner.as_slice(), &names[1..]].concat();
        }
        if let Some(imported) = self.names.get(first) {
            return [imported.as_slice(), &names[1..]].concat();
        }
        if matches!(first.as_str(), "crate" | "self" | "super") {
            return absolute(&self.module, names);
        }
        if first == "claviger_iam" {
            return names;
        }
        [self.module.as_slice(), &names].concat()
    }

    fn mentions(&self, owner: Option<&Names>, look: impl FnOnce(&mut See<'_>)) -> Mentions {
        let mut see = See {
            scope: self,
            owner,
            found: Mentions::default(),
        };
        look(&mut see);
        let mut found = see.found;
        found.modules.insert(self.module.clone());
        for path in self.names.values().chain(&found.paths) {
            // `a::b`, `a::Type` and `a::Type::new` all know of `a`.
            found
                .modules
                .extend((1..=path.len()).map(|end| path[..end].to_vec()));
        }
        found
    }
}

/// Looks through a body.
struct See<'a> {
    scope: &'a Scope,
    owner: Option<&'a Names>,
    found: Mentions,
}

impl<'ast> Visit<'ast> for See<'_> {
    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        self.found
            .paths
            .insert(self.scope.resolve(&path.path, self.owner));
        visit::visit_expr_path(self, path);
    }

    fn visit_expr_struct(&mut self, made: &'ast syn::ExprStruct) {
        let path = self.scope.resolve(&made.path, self.owner);
        if let [a, b, .., name] = path.as_slice()
            && [a.as_str(), b.as_str()] == OPERATIONS
        {
            self.found.made.insert(name.clone());
        }
        visit::visit_expr_struct(self, made);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.found.methods.insert(call.method.to_string());
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, macro_: &'ast syn::Macro) {
        // What is no list of expressions makes no operation.
        let parser = Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated;
        if let Ok(parts) = parser.parse2(macro_.tokens.clone()) {
            let parts: Vec<syn::Expr> = parts.into_iter().collect();
            let inner = self.scope.mentions(self.owner, |see| {
                for part in &parts {
                    see.visit_expr(part);
                }
            });
            self.found.join(inner);
        }
    }
}

/// Reads a table of routes.
struct Table<'a> {
    scope: &'a Scope,
    routes: Vec<RouteRead>,
}

impl<'ast> Visit<'ast> for Table<'_> {
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        let mut arguments = call.args.iter();
        if let syn::Expr::Path(function) = &*call.func
            && let Some(method) = function.path.get_ident().map(ToString::to_string)
            && matches!(method.as_str(), "get" | "post")
            && let Some(syn::Expr::Lit(literal)) = arguments.next()
            && let syn::Lit::Str(path) = &literal.lit
        {
            let mentions = self.scope.mentions(None, |see| {
                for argument in arguments {
                    see.visit_expr(argument);
                }
            });
            self.routes.push(RouteRead {
                method,
                path: path.value(),
                mentions,
            });
        } else {
            visit::visit_expr_call(self, call);
        }
    }
}
