//! The account as a whole: its settings, its reports, the simulator.

use super::Needs::Session;
use super::{Route, get, post};
use crate::settings::server_certificates;
use crate::{bulk, events, report, settings, simulator};

/// Their routes.
pub(super) static ROUTES: &[Route] = &[
    get(
        "/console/bulk",
        Session(|visit| Box::pin(bulk::show(visit))),
    ),
    post("/console/bulk", Session(|visit| Box::pin(bulk::act(visit)))),
    get(
        "/console/settings",
        Session(|visit| Box::pin(settings::show(visit))),
    ),
    post(
        "/console/settings",
        Session(|visit| Box::pin(settings::save(visit))),
    ),
    get(
        "/console/settings/virtual-mfa",
        Session(|visit| Box::pin(settings::virtual_mfa::show(visit))),
    ),
    get(
        "/console/settings/virtual-mfa/delete",
        Session(|visit| Box::pin(settings::virtual_mfa::show_delete(visit))),
    ),
    post(
        "/console/settings/virtual-mfa/delete",
        Session(|visit| Box::pin(settings::virtual_mfa::delete(visit))),
    ),
    get(
        "/console/settings/hardware-mfa",
        Session(|visit| Box::pin(settings::hardware_mfa::show(visit))),
    ),
    get(
        "/console/settings/hardware-mfa/import",
        Session(|visit| Box::pin(settings::hardware_mfa::show_import(visit))),
    ),
    post(
        "/console/settings/hardware-mfa/import",
        Session(|visit| Box::pin(settings::hardware_mfa::import(visit))),
    ),
    get(
        "/console/settings/hardware-mfa/delete",
        Session(|visit| Box::pin(settings::hardware_mfa::show_delete(visit))),
    ),
    post(
        "/console/settings/hardware-mfa/delete",
        Session(|visit| Box::pin(settings::hardware_mfa::delete(visit))),
    ),
    get(
        "/console/settings/security-keys",
        Session(|visit| Box::pin(settings::security_keys::show(visit))),
    ),
    post(
        "/console/settings/security-keys",
        Session(|visit| Box::pin(settings::security_keys::save(visit))),
    ),
    get(
        "/console/settings/server-certificates",
        Session(|visit| Box::pin(server_certificates::show(visit))),
    ),
    get(
        "/console/settings/server-certificates/upload",
        Session(|visit| Box::pin(server_certificates::upload::show(visit))),
    ),
    post(
        "/console/settings/server-certificates/upload",
        Session(|visit| Box::pin(server_certificates::upload::run(visit))),
    ),
    get(
        "/console/settings/server-certificate",
        Session(|visit| Box::pin(server_certificates::certificate::show(visit))),
    ),
    post(
        "/console/settings/server-certificate",
        Session(|visit| Box::pin(server_certificates::certificate::change(visit))),
    ),
    get(
        "/console/settings/server-certificate/delete",
        Session(|visit| Box::pin(server_certificates::delete::show(visit))),
    ),
    post(
        "/console/settings/server-certificate/delete",
        Session(|visit| Box::pin(server_certificates::delete::run(visit))),
    ),
    get(
        "/console/report",
        Session(|visit| Box::pin(report::show(visit))),
    ),
    post(
        "/console/report",
        Session(|visit| Box::pin(report::generate(visit))),
    ),
    get(
        "/console/report/download",
        Session(|visit| Box::pin(report::take(visit))),
    ),
    get(
        "/console/events",
        Session(|visit| Box::pin(events::show(visit))),
    ),
    get(
        "/console/simulator",
        Session(|visit| Box::pin(simulator::show(visit))),
    ),
    post(
        "/console/simulator",
        Session(|visit| Box::pin(simulator::show(visit))),
    ),
    get(
        "/console/event",
        Session(|visit| Box::pin(events::show_one(visit))),
    ),
];
