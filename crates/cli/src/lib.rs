//! render-compute: the requester's command line
