"""Doctor: is all in order that a gateway depends on? One module a subject.

Each subject asks what it must (nothing is left behind), and pure functions judge the answers:

    checkup.check_all(settings)     every Finding, as the checks end, in a fixed order
"""
