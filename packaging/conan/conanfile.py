# SPDX-License-Identifier: MIT
"""A Conan 2 recipe of this very tree: conan create packaging/conan; -o "weir/*:topology=True" builds weir::topology as well."""
import os

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, rmdir
from conan.tools.gnu import PkgConfigDeps


class Weir(ConanFile):
    name = "weir"
    version = "0.1.0"
    description = "Bounded, lock-free ring buffers for C++20 whose bound is the backpressure signal"
    license = "MIT"
    topics = ("ring-buffer", "lock-free", "backpressure", "header-only")
    settings = "os", "arch", "compiler", "build_type"
    options = {"topology": [True, False], "shared": [True, False], "fPIC": [True, False]}
    default_options = {"topology": False, "shared": False, "fPIC": True}

    def export_sources(self):
        top = os.path.join(self.recipe_folder, "..", "..")
        for pattern in ("CMakeLists.txt", "LICENSE", "CHANGELOG.md", "cmake/*", "include/*", "src/*"):
            copy(self, pattern, src=top, dst=self.export_sources_folder)

    def configure(self):
        if self.options.shared or not self.options.topology:
            self.options.rm_safe("fPIC")
        if not self.options.topology:
            self.options.rm_safe("shared")

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        if self.options.topology:
            self.requires("hwloc/[>=2.4]")
            self.requires("nlohmann_json/[>=3.9]", visible=False)

    def build_requirements(self):
        self.tool_requires("cmake/[>=3.25]")
        if self.options.topology and not self.conf.get("tools.gnu:pkg_config", check_type=str):
            self.tool_requires("pkgconf/[>=2]")

    def package_id(self):
        if not self.info.options.topology:
            self.info.clear()  # headers are the same everywhere

    def validate(self):
        check_min_cppstd(self, 20)
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration(f"weir is tested on Linux, not on {self.settings.os}")

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["WEIR_BUILD_TOPOLOGY"] = bool(self.options.topology)
        toolchain.generate()
        CMakeDeps(self).generate()
        PkgConfigDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        if self.options.topology:
            cmake.build()

    def package(self):
        copy(self, "LICENSE", src=self.source_folder, dst=os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        # CMakeDeps and PkgConfigDeps write these for whatever asks for the package.
        rmdir(self, os.path.join(self.package_folder, "share"))
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "weir")
        headers = self.cpp_info.components["weir"]
        headers.set_property("cmake_target_name", "weir::weir")
        headers.set_property("pkg_config_name", "weir")
        headers.bindirs = headers.libdirs = []
        headers.system_libs = ["pthread"]
        if self.options.topology:
            topology = self.cpp_info.components["topology"]
            topology.set_property("cmake_target_name", "weir::topology")
            topology.set_property("pkg_config_name", "weir-topology")
            topology.libs = ["weir_topology"]
            topology.requires = ["weir", "hwloc::hwloc", "nlohmann_json::nlohmann_json"]
