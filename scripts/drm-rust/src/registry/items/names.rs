// SPDX-License-Identifier: GPL-2.0-only

//! What the names of a file stand for, and who can use them.

use std::cell::Cell;
use std::collections::BTreeMap;

/// Who can use an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Access {
    /// Nobody: no kernel is built with it.
    Never,
    /// Its own module.
    Private,
    /// Its crate.
    Crate,
    /// Everybody.
    Public,
}

/// The names of a module, or those behind the name of a type.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    names: BTreeMap<String, Name>,
    globs: Vec<Use>,
    /// Whether another file has its items.
    pub(super) elsewhere: bool,
}

/// What a name stands for; that may be several things.
#[derive(Clone, Debug, Default)]
struct Name {
    /// A function, a constant and whatever else has no names behind its own.
    leaf: Option<Access>,
    /// A module or a type.
    space: Option<(Access, Scope)>,
    uses: Vec<Use>,
    /// The methods of a type that another file defines.
    methods: Scope,
}

/// What a `use` brings in.
#[derive(Clone, Debug)]
pub(super) struct Use {
    /// Who can use it by its name here.
    pub(super) access: Access,
    /// Where it comes from; none if that is certainly another file.
    pub(super) from: Option<Place>,
}

/// A path, and the module that says it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    module: Vec<String>,
    path: Vec<String>,
    /// Whether it cannot begin with the name of a crate.
    ours: bool,
}

impl Scope {
    /// Adds an item. One that is there under several conditions is as public as the most public one.
    pub(super) fn item(&mut self, name: impl ToString, access: Access) {
        let leaf = &mut self.name(name).leaf;
        *leaf = (*leaf).max(Some(access));
    }

    /// Adds an item that has names behind its own.
    pub(super) fn space(&mut self, name: impl ToString, access: Access) -> &mut Scope {
        let (most, scope) = self.name(name).space.get_or_insert_with(|| (access, Scope::default()));
        *most = access.max(*most);
        scope
    }

    /// Adds what a `use` brings in, by one name or by all that there are.
    pub(super) fn bring(&mut self, name: Option<String>, used: Use) {
        match name {
            Some(name) => self.name(name).uses.push(used),
            None => self.globs.push(used),
        }
    }

    fn name(&mut self, name: impl ToString) -> &mut Name {
        self.names.entry(name.to_string()).or_default()
    }

    fn all(&self, at: &str, names: &mut Vec<String>) {
        for (name, Name { space, methods, .. }) in &self.names {
            let inner = format!("{at}{name}::");
            space.iter().map(|(_, scope)| scope).chain([methods]).for_each(|scope| scope.all(&inner, names));
            names.push(format!("{at}{name}"));
        }
    }
}

impl Place {
    /// A path that a module says; none if it leads out of the file.
    pub(super) fn new(module: &[String], path: &[String]) -> Option<Place> {
        let mut place = Place { module: module.to_vec(), path: path.to_vec(), ours: false };
        while let Some("self" | "super" | "crate") = place.path.first().map(String::as_str) {
            match place.path.remove(0).as_str() {
                "self" => {}
                "super" => drop(place.module.pop()?),
                _ => return None,
            }
            place.ours = true;
        }
        Some(place)
    }

    fn join(&self, names: &[String]) -> Place {
        Place { path: [&self.path, names].concat(), ..self.clone() }
    }
}

/// Where a path leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    /// Out of the file.
    Elsewhere,
    /// To the name with this path.
    Here(Vec<String>),
}

/// How many `use` a search still follows: they can go in circles.
struct Steps(Cell<u32>);

impl Steps {
    fn new() -> Steps {
        Steps(Cell::new(64))
    }

    fn step(&self) -> Option<()> {
        self.0.set(self.0.get().checked_sub(1)?);
        Some(())
    }
}

/// All names of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(pub(super) Scope);

impl Names {
    /// Who can use an item by a name; none if there is no such item.
    pub(super) fn access(&self, name: &str) -> Option<Access> {
        let path: Vec<String> = name.split("::").map(str::to_owned).collect();
        self.look(&self.0, &path, &Steps::new())
    }

    /// The names, and those on the way to them.
    pub(super) fn all(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.0.all("", &mut names);
        names
    }

    /// Where the methods of a type go that a module says the path of.
    pub(super) fn methods(&mut self, module: &[String], path: &[String]) -> Option<&mut Scope> {
        let place = Place::new(module, path);
        if let Some(path) = place.as_ref().and_then(|place| self.definition(place)) {
            return self.scope_mut(&path);
        }
        let (module, path) = place.map_or((module.to_vec(), path.to_vec()), |place| (place.module, place.path));
        Some(path.iter().fold(self.scope_mut(&module)?, |scope, name| &mut scope.name(name).methods))
    }

    fn look(&self, scope: &Scope, path: &[String], steps: &Steps) -> Option<Access> {
        let (first, rest) = path.split_first()?;
        let named = scope.names.get(first).and_then(|name| self.behind(name, rest, steps));
        let first = std::slice::from_ref(first);
        let through = |glob: &Use| match self.follow(glob, first, steps)? {
            Target::Here(path) => Some(self.behind(self.name(&path)?, rest, steps)?.min(glob.access)),
            Target::Elsewhere => None,
        };
        scope.globs.iter().filter_map(through).chain(named).max()
    }

    fn behind(&self, name: &Name, rest: &[String], steps: &Steps) -> Option<Access> {
        let space = name.space.as_ref().and_then(|(access, scope)| match rest {
            [] => Some(*access),
            rest => Some(self.look(scope, rest, steps)?.min(*access)),
        });
        let leaf = name.leaf.filter(|_| rest.is_empty());
        let method = self.look(&name.methods, rest, steps);
        let through = |used: &Use| match self.follow(used, &[], steps)? {
            Target::Here(path) => Some(self.behind(self.name(&path)?, rest, steps)?.min(used.access)),
            // Nobody can tell more of it here.
            Target::Elsewhere => rest.is_empty().then_some(used.access),
        };
        name.uses.iter().filter_map(through).chain(space).chain(leaf).chain(method).max()
    }

    /// Follows a `use`, and names behind it.
    fn follow(&self, used: &Use, names: &[String], steps: &Steps) -> Option<Target> {
        steps.step()?;
        match &used.from {
            Some(place) => self.locate(&place.join(names), steps),
            None => Some(Target::Elsewhere),
        }
    }

    fn locate(&self, Place { module, path, ours }: &Place, steps: &Steps) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let scope = self.scope(module)?;
        // A crate and a macro may have the name of a function.
        let leads = |name: &&Name| *ours || name.space.is_some() || !name.uses.is_empty();
        let Some(name) = scope.names.get(first).filter(leads) else {
            let globs = scope.globs.iter().filter_map(|glob| self.follow(glob, path, steps));
            return globs.max().or((scope.elsewhere || !ours).then_some(Target::Elsewhere));
        };
        let at = [module.as_slice(), std::slice::from_ref(first)].concat();
        match rest {
            [] => Some(Target::Here(at)),
            rest if name.space.is_some() => self.locate(&Place { module: at, path: rest.to_vec(), ours: true }, steps),
            rest => {
                let through = name.uses.iter().filter_map(|used| self.follow(used, rest, steps)).max();
                through.or((!ours).then_some(Target::Elsewhere))
            }
        }
    }

    /// The path of the type that a place means, where the file defines it.
    fn definition(&self, place: &Place) -> Option<Vec<String>> {
        let steps = Steps::new();
        let mut target = self.locate(place, &steps);
        while let Some(Target::Here(path)) = target {
            let name = self.name(&path)?;
            if name.space.is_some() {
                return Some(path);
            }
            target = name.uses.iter().find_map(|used| self.follow(used, &[], &steps));
        }
        None
    }

    fn name(&self, path: &[String]) -> Option<&Name> {
        let (last, module) = path.split_last()?;
        self.scope(module)?.names.get(last)
    }

    fn scope(&self, path: &[String]) -> Option<&Scope> {
        path.iter().try_fold(&self.0, |scope, name| Some(&scope.names.get(name)?.space.as_ref()?.1))
    }

    fn scope_mut(&mut self, path: &[String]) -> Option<&mut Scope> {
        path.iter().try_fold(&mut self.0, |scope, name| Some(&mut scope.names.get_mut(name)?.space.as_mut()?.1))
    }
}
