"""segment: a folder of captchas → character vectors, cleaned pictures, and the rejected pictures."""


rule segment:
    message:
        "segment {wildcards.pictures} by {wildcards.segmentation}"
    input:
        unpack(lambda w: synthetic_files(w.pictures)),
    output:
        **LAYOUT.segment("{segmentation}", "{pictures}").by_name(),
    params:
        code=code("segment"),
        segmentation=lambda w: CONFIG.segment[w.segmentation].dump(),
        source=lambda w: PICTURES[w.pictures],
    log:
        str(LAYOUT.log("segment", "{segmentation}", "{pictures}")),
        # a log stays when the job fails; its outputs do not
        rejected=str(LAYOUT.rejected_log("{segmentation}", "{pictures}")),
    benchmark:
        str(LAYOUT.benchmark("segment", "{segmentation}", "{pictures}"))
    script:
        "../scripts/segment.py"


def synthetic_files(pictures):
    """The files of an entry of `pictures` that is synthetic, by name; none for a folder."""
    return LAYOUT.synthesize(pictures).by_name() if "synthesize" in PICTURES[pictures] else {}


def folders(data):
    """The entries of `pictures` that a data set is made from: to train on, synthetic and unseen, if any."""
    data = CONFIG.dataset[data]
    return list(dict.fromkeys(name for name in (data.train, data.synthetic, data.unseen) if name in PICTURES))


def segmented(data):
    """The pairs of a segmentation and an entry of `pictures` that a data set needs."""
    return [(CONFIG.dataset[data].segment, name) for name in folders(data)]


def segmented_files(data, prefix=""):
    """The segmented files that a data set needs: a list of files for each name, which begins with the prefix."""
    return layout.SegmentedFiles.columns((LAYOUT.segment(*pair) for pair in segmented(data)), prefix)


def sources_of(data):
    """The folder, or the file of synthetic pictures, of each entry of `pictures` in a data set."""
    return {
        name: PICTURES[name].get("folder") or synthetic_files(name)["pictures"] for name in folders(data)
    }


def synthetic_pictures(data):
    """The files of synthetic pictures of a data set."""
    return [file for name, file in sources_of(data).items() if "synthesize" in PICTURES[name]]
