//! What both engines promise, on a file.

use super::*;

type Bench = BenchOn<file::File>;

#[path = "contract/braking.rs"]
mod braking;
#[path = "contract/deploying.rs"]
mod deploying;
#[path = "contract/gathering.rs"]
mod gathering;
#[path = "contract/glancing.rs"]
mod glancing;
#[path = "contract/living.rs"]
mod living;
#[path = "contract/muting.rs"]
mod muting;
#[path = "contract/paging.rs"]
mod paging;
#[path = "contract/parking.rs"]
mod parking;
#[path = "contract/registering.rs"]
mod registering;
#[path = "contract/reminding.rs"]
mod reminding;
#[path = "contract/sending.rs"]
mod sending;
