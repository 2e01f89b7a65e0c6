"""The fixtures and the marker of the pytest plugin, in projects of its users'."""

import pytest


def ids(project: pytest.Pytester) -> list[str]:
    """The tests of its only file, in order, without the file's name."""
    found = project.runpytest("--collect-only", "-q", "-p", "no:cacheprovider")
    found.assert_outcomes()
    return [line.split("::", 1)[1] for line in found.outlines if "::" in line]


def test_kv_is_fresh_and_closed_after_the_test(project):
    project.makepyfile(
        """
        import pytest, skiplith

        seen = []

        @pytest.mark.parametrize("turn", [1, 2])
        def test_fresh(kv, tmp_path, turn):
            assert type(kv) is skiplith.DB and not kv and not kv.closed
            assert kv.path.startswith(str(tmp_path))
            kv[b"k"] = b"v"
            seen.append(kv)

        def test_closed():
            assert [kv.closed for kv in seen] == [True, True]
        """
    )
    project.runpytest().assert_outcomes(passed=3)


def test_a_test_may_close_kv_itself(project):
    project.makepyfile("def test(kv): kv.close()")
    project.runpytest().assert_outcomes(passed=1)


def test_lab_is_all_of_the_lab_with_threads_and_seed(project):
    project.makepyfile(
        """
        import pytest
        from skiplith import lab as module

        def test_defaults(lab):
            assert (lab.threads, lab.seed) == (4, 0)
            for name in module.__all__:
                assert name in dir(lab) and getattr(lab, name)
            assert lab.race is module.race
            assert lab.memory_files is module.memory_files
            with pytest.raises(AttributeError, match="rase"):
                lab.rase

        @pytest.mark.skiplith(threads=2, seed=5)
        def test_marked(lab):
            assert (lab.threads, lab.seed) == (2, 5)
            assert lab.workload({}, ops=10).threads == 2
            assert lab.workload({}, ops=10, threads=3).threads == 3

        @pytest.mark.skiplith(threads=1, seed=5)
        def test_seeded(lab):
            def run(workload, **options):
                target = {}
                workload(target, ops=100, mix={"put": 1}, **options)
                return list(target.items())

            assert run(lab.workload) == run(module.workload, threads=1, seed=5)
            assert run(lab.workload, seed=6) == run(module.workload, threads=1, seed=6)
        """
    )
    project.runpytest().assert_outcomes(passed=3)


def test_every_list_is_a_parameter_and_every_value_is_for_all(project):
    project.makepyfile(
        """
        import pytest

        seen = set()

        @pytest.mark.skiplith(threads=[1, 4], memtable=["skiplist", "mutex_map"], seed=3,
                              gil="release", compression=[("none", "zstd"), "none"])
        def test_each(kv, lab):
            options = kv.options
            assert (options.gil, lab.seed) == ("release", 3)
            seen.add((lab.threads, options.memtable, options.compression[:2]))

        def test_all():
            assert len(seen) == 8
            assert {compression for _, _, compression in seen} == {("none", "zstd"), "no"}
        """
    )
    assert ids(project) == [
        *(
            f"test_each[threads={threads}-memtable={memtable}-compression={compression}]"
            for threads in (1, 4)
            for memtable in ("skiplist", "mutex_map")
            for compression in ("none,zstd", "none")
        ),
        "test_all",
    ]
    project.runpytest().assert_outcomes(passed=9)


def test_values_without_lists_leave_the_name_alone(project):
    project.makepyfile(
        """
        import pytest

        @pytest.mark.skiplith(seed=3, memtable="mutex_map", compression=("none", "zstd"))
        def test_plain(kv, lab):
            assert (lab.seed, kv.options.memtable) == (3, "mutex_map")
            assert kv.options.compression[:2] == ("none", "zstd")
        """
    )
    assert ids(project) == ["test_plain"]
    project.runpytest().assert_outcomes(passed=1)


def test_seeds_are_parameters_too(project):
    project.makepyfile(
        """
        import pytest

        @pytest.mark.skiplith(seed=[1, 2, 3])
        def test_seed(lab, request):
            assert request.node.name == f"test_seed[seed={lab.seed}]"
        """
    )
    project.runpytest().assert_outcomes(passed=3)


def test_the_nearest_marker_decides_option_by_option(project):
    project.makepyfile(
        """
        import pytest

        pytestmark = pytest.mark.skiplith(threads=[2, 3], seed=7, memtable="mutex_map")

        @pytest.mark.skiplith(memtable=["skiplist", "rwlock_map"], filter_bits=0)
        class TestClass:
            def test_both(self, kv, lab):
                assert (lab.seed, kv.options.filter_bits) == (7, 0)

            @pytest.mark.skiplith(threads=1, memtable="rwlock_map")
            def test_all_three(self, kv, lab):
                assert (lab.seed, kv.options.filter_bits) == (7, 0)
                assert (lab.threads, kv.options.memtable) == (1, "rwlock_map")

        def test_module(kv, lab):
            assert (lab.seed, kv.options.memtable) == (7, "mutex_map")
        """
    )
    assert ids(project) == [
        "TestClass::test_both[memtable=skiplist-threads=2]",
        "TestClass::test_both[memtable=skiplist-threads=3]",
        "TestClass::test_both[memtable=rwlock_map-threads=2]",
        "TestClass::test_both[memtable=rwlock_map-threads=3]",
        "TestClass::test_all_three",
        "test_module[threads=2]",
        "test_module[threads=3]",
    ]
    project.runpytest().assert_outcomes(passed=7)


def test_tests_that_use_neither_fixture_run_once(project):
    project.makepyfile(
        """
        import pytest

        pytestmark = pytest.mark.skiplith(threads=[1, 2])

        @pytest.fixture
        def filled(kv):
            kv[b"k"] = b"v"
            return kv

        def test_neither(): pass
        def test_by_way_of_another_fixture(filled): assert filled[b"k"] == b"v"
        """
    )
    project.runpytest().assert_outcomes(passed=3)


def test_it_combines_with_ordinary_parameters(project):
    project.makepyfile(
        """
        import pytest

        @pytest.mark.skiplith(threads=[1, 2])
        @pytest.mark.parametrize("color", ["red", "blue"])
        def test_both(lab, color):
            assert lab.threads in (1, 2) and color in ("red", "blue")
        """
    )
    assert ids(project) == [f"test_both[threads={t}-{c}]" for t in (1, 2) for c in ("red", "blue")]
    project.runpytest().assert_outcomes(passed=4)


def test_a_value_without_plain_text_is_counted_in_the_name(project):
    """Its repr would be another in every process, and processes compare names."""
    project.makepyfile(
        """
        import pytest
        from skiplith import lab

        @pytest.mark.skiplith(files=[None, lab.memory_files(), lab.memory_files(form="write")])
        def test_files(kv, tmp_path):
            kv[b"k"] = b"v"
        """
    )
    assert ids(project) == [f"test_files[files={shown}]" for shown in ("None", "1", "2")]
    project.runpytest().assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("marker", "says"),
    [
        ("skiplith(memtables='art')", "unknown option 'memtables'"),
        ("skiplith(path='data')", "unknown option 'path'"),
        ("skiplith([1, 4])", "the value [[]1, 4[]] needs a name"),
        ("skiplith(threads=0)", "threads must be at least 1, not 0"),
        ("skiplith(threads=[1, '4'])", "threads must be a whole number, not '4'"),
        ("skiplith(seed=True)", "seed must be a whole number, not True"),
    ],
)
@pytest.mark.parametrize("place", ["", "::TestClass", "::TestClass::test_it"])
def test_a_mistake_in_a_marker_is_an_error_of_collection(project, marker, says, place):
    on_module, on_class, on_function = (
        f"pytest.mark.{marker}" if place == here else "pytest.mark.skiplith"
        for here in ("", "::TestClass", "::TestClass::test_it")
    )
    project.makepyfile(
        test_mistake=f"""
        import pytest

        pytestmark = {on_module}

        @{on_class}
        class TestClass:
            @{on_function}
            def test_it(self, kv): pass
        """
    )
    result = project.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"the marker skiplith of test_mistake.py{place}: {says}*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_an_option_that_open_refuses_is_an_error_of_the_test(project):
    project.makepyfile(
        """
        import pytest

        @pytest.mark.skiplith(memtable="hash")
        def test_it(kv): pass
        """
    )
    result = project.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E *ValueError: memtable must be*'hash'*"])


def test_a_list_that_comes_too_late_is_refused(project):
    project.makeconftest(
        """
        import pytest

        def pytest_collection_modifyitems(items):
            items[0].add_marker(pytest.mark.skiplith(threads=[1, 2]))
        """
    )
    project.makepyfile(
        """
        import pytest

        def test_marked_late(kv): pass

        @pytest.mark.skiplith(memtable=["skiplist", "mutex_map"])
        def test_asks_late(request): request.getfixturevalue("kv")
        """
    )
    result = project.runpytest()
    result.assert_outcomes(errors=1, failed=1)
    result.stdout.fnmatch_lines(["*a list for threads, but*", "*a list for memtable, but*"])
