"""segment: a folder of captchas → character vectors, cleaned pictures, and what had to be rejected."""


rule segment:
    message:
        "segment {wildcards.pictures} by {wildcards.segmentation}"
    input:
        unpack(lambda w: synthetic_files(w.pictures)),
        code=code("segment"),
    output:
        **LAYOUT.segment("{segmentation}", "{pictures}").by_name(),
    params:
        segmentation=lambda w: CONFIG.segment[w.segmentation].dump(),
        source=lambda w: PICTURES[w.pictures],
    log:
        # stays when the job fails, as its outputs do not
        str(LAYOUT.rejected_log("{segmentation}", "{pictures}")),
    script:
        "../scripts/segment.py"


def synthetic_files(pictures):
    """The files of an entry of `pictures` that is synthetic, by name; none for a folder."""
    return LAYOUT.synthesize(pictures).by_name() if "synthesize" in PICTURES[pictures] else {}


def folders(data):
    """The names of the pictures that a data set is made from: to train on, synthetic and unseen ones, if any."""
    data = CONFIG.dataset[data]
    return list(dict.fromkeys(name for name in (data.train, data.synthetic, data.unseen) if name in PICTURES))


def segmented(data):
    """What is segmented for a data set: pairs of the segmentation and an entry of `pictures`."""
    return [(CONFIG.dataset[data].segment, name) for name in folders(data)]


def segmented_files(data, prefix=""):
    """The files of all that is segmented for a data set, by name, the prefix before it: a list for each."""
    return layout.SegmentedFiles.columns((LAYOUT.segment(*pair) for pair in segmented(data)), prefix)


def sources_of(data):
    """Where the pictures of a data set come from, each a folder or a file of synthetic ones, by their names."""
    return {
        name: PICTURES[name].get("folder") or synthetic_files(name)["pictures"] for name in folders(data)
    }


def synthetic_pictures(data):
    """Those of them that are synthetic."""
    return [file for name, file in sources_of(data).items() if "synthesize" in PICTURES[name]]
