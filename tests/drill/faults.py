"""faults: makes each call of memory and of the system fail that scenes of pgsteer's life make, one after the other, and
looks after each whether anybody else has noticed. Prints a table; exit status 1 when something was found.

    faults.py [SCENE,...] [CALL,...] [STEP]      each STEP-th call alone, 1 without it
"""
import os
import sys
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))

from flow import World  # noqa: E402
from ordeal import CALLS, Ordeal  # noqa: E402
from outside import Service  # noqa: E402
from postgres import Cluster  # noqa: E402
from run import Run, end_on_signals  # noqa: E402


KNOWS = """\
[ "$PAM_TYPE" = account ] || [ "$PAM_USER $(tr -d '\\0')" = "scram_user scram-secret" ]
"""


def fresh(run, cluster, number, service):
    world = World(run, cluster, f"faults{number}", {})
    ordeal = Ordeal(world, service=service)
    for name in ordeal.scenes:
        ordeal.play(name)  # what is made once is there
    return world, ordeal


def main(scenes, calls, step):
    found, number = [], 0
    with Run("pgsteer-faults-") as run, Service(World(run, None, "service", {}), KNOWS) as service:
        cluster = Cluster(run)
        world, ordeal = fresh(run, cluster, number, service)
        print(f"{'scene':<10} {'call':<16} {'error':<14} {'made':>6} {'failed':>6}", flush=True)
        for call, errors in CALLS.items():
            for error, least in errors if not calls or call in calls else ():
                for scene in scenes or ordeal.scenes:
                    made = ordeal.calls(scene, call)
                    failed, at = 0, 1
                    while at <= made:
                        try:
                            failed += ordeal.walk(scene, range(at, made + 1, step), call, error=error, least=least)
                            break
                        except Exception as e:
                            found.append(f"{scene} {call} {error}: {e}")
                            print(f"FAILED  {found[-1]}", flush=True)
                            if not isinstance(e, AssertionError):
                                traceback.print_exc()
                            at += ordeal.at * step
                            world.finish()
                            number += 1
                            world, ordeal = fresh(run, cluster, number, service)
                    print(f"{scene:<10} {call:<16} {os.strerror(error)[:14] if error else f'{least} bytes':<14} "
                          f"{made:>6} {failed:>6}", flush=True)
        ordeal.rests()
        found += world.finish()
    print(f"{len(found)} found")
    return 1 if found else 0


if __name__ == "__main__":
    end_on_signals()
    given = sys.argv[1:] + ["", "", "1"][len(sys.argv) - 1:]
    sys.exit(main(*([word for word in words.split(",") if word] for words in given[:2]), int(given[2])))
