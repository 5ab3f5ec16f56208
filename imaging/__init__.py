"""Pixels: conversion, resampling, morphology."""
